import '../../look/page.css';
import { open } from '../../mount';
import Start from './Start.svelte';

open(Start);
