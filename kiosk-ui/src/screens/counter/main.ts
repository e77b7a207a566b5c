import '../../look/page.css';
import '../../look/sheet.css';
import { open } from '../../mount';
import Counter from './Counter.svelte';

open(Counter);
