import '../../look/base.css';
import { open } from '../../mount';
import Case from './Case.svelte';

open(Case);
