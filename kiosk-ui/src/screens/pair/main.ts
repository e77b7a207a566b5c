import '../../look/page.css';
import { open } from '../../mount';
import Pair from './Pair.svelte';

open(Pair);
