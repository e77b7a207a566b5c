import '../../look/fixed.css';
import { open } from '../../mount';
import Display from './Display.svelte';

open(Display);
