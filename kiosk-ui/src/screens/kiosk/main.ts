import '../../look/fixed.css';
import { open } from '../../mount';
import Kiosk from './Kiosk.svelte';

open(Kiosk);
