import { render, screen } from '@testing-library/svelte';
import { createRawSnippet } from 'svelte';
import { expect, test } from 'vitest';
import Button from './Button.svelte';

const children = createRawSnippet(() => ({ render: () => '<span>Start</span>' }));

test('whoever pressed it goes on from it once the press was carried out', async () => {
  const { rerender } = render(Button, { children, busy: false });
  const button = screen.getByRole('button');
  button.focus();
  await rerender({ children, busy: true });
  // As browsers do with a button that cannot be pressed: nothing has the focus.
  const other = document.body.appendChild(document.createElement('input'));
  other.focus();
  other.remove();
  expect(document.activeElement).toBe(document.body);
  await rerender({ children, busy: false });
  expect(document.activeElement).toBe(button);
});

test('takes the focus neither from where it went meanwhile nor without having had it', async () => {
  const { rerender } = render(Button, { children, busy: true });
  const button = screen.getByRole('button');
  await rerender({ children, busy: false });
  expect(document.activeElement).toBe(document.body);
  button.focus();
  await rerender({ children, busy: true });
  const elsewhere = document.body.appendChild(document.createElement('input'));
  elsewhere.focus();
  await rerender({ children, busy: false });
  expect(document.activeElement).toBe(elsewhere);
  elsewhere.remove();
});
