import '../../look/base.css';
import { open } from '../../mount';
import Team from './Team.svelte';

open(Team);
