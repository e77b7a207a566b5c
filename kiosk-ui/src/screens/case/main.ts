import '../../look/base.css';
import { haveChinese } from '../../look/glyphs';
import { open } from '../../mount';
import Case from './Case.svelte';

haveChinese();
open(Case);
