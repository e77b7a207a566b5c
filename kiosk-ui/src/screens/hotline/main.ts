import '../../look/page.css';
import { open } from '../../mount';
import Hotline from './Hotline.svelte';

open(Hotline);
