import '../../look/page.css';
import '../../look/paper.css';
import { open } from '../../mount';
import Lead from './Lead.svelte';

open(Lead);
