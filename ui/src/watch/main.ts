import { mount } from 'svelte';
import '../shared/styles/base.css';
import { applyTheme } from '../shared/theme';
import { basePath } from './status';
import Watch from './Watch.svelte';

// A visitor's page looks as the visitor's system says.
applyTheme('system');

const target = document.getElementById('watch');
if (target !== null) mount(Watch, { target, props: { base: basePath(location.pathname) } });
