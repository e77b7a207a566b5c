import '../../look/page.css';
import { open } from '../../mount';
import SignIn from './SignIn.svelte';

open(SignIn);
