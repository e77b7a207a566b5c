import '../../look/page.css';
import { open } from '../../mount';
import Setup from './Setup.svelte';

open(Setup);
