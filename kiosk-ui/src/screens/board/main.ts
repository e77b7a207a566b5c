import '../../look/fixed.css';
import { open } from '../../mount';
import Board from './Board.svelte';

open(Board);
