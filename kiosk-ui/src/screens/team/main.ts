import '../../look/base.css';
import { haveChinese } from '../../look/glyphs';
import { open } from '../../mount';
import Team from './Team.svelte';

haveChinese();
open(Team);
