import '../../look/fixed.css';
import '../../look/paper.css';
import { open } from '../../mount';
import Kiosk from './Kiosk.svelte';

open(Kiosk);
