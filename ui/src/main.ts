import { mount } from 'svelte';
import App from './app/App.svelte';
import { pickHost } from './host/pick';
import './shared/styles/base.css';
import { applyTheme, rememberedTheme } from './shared/theme';

applyTheme(rememberedTheme('dark'))();

const target = document.getElementById('app');
if (target !== null) {
  const host = await pickHost();
  mount(App, { target, props: { host } });
}
