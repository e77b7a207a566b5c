import '../../look/page.css';
import { open } from '../../mount';
import Orders from './Orders.svelte';

open(Orders);
