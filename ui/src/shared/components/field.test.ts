import { fireEvent, render, screen } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import Field from './Field.svelte';

const open = () => {
  const copy = vi.fn(async () => true);
  render(Field, { label: 'Stream key', value: 'sk-secret', secret: true, copy });
  return {
    copy,
    eye: screen.getByRole('button', { name: /Hold to show/ }),
    value: screen.getByTestId('field-value'),
  };
};

test('a secret is not even in the page until the button is held', async () => {
  const { eye, value } = open();
  expect(document.body.innerHTML).not.toContain('sk-secret');
  await fireEvent.pointerDown(eye);
  expect(value.textContent).toContain('sk-secret');
  await fireEvent.pointerUp(window);
  expect(document.body.innerHTML).not.toContain('sk-secret');
});

test('holding works with the keyboard, and losing the window hides it', async () => {
  const { eye, value } = open();
  await fireEvent.keyDown(eye, { key: ' ' });
  expect(value.textContent).toContain('sk-secret');
  await fireEvent.keyUp(eye, { key: ' ' });
  expect(value.textContent).not.toContain('sk-secret');
  await fireEvent.keyDown(eye, { key: 'Enter' });
  await fireEvent.blur(window);
  expect(value.textContent).not.toContain('sk-secret');
});

test('copying copies the value and not the dots', async () => {
  const { copy } = open();
  await fireEvent.click(screen.getByRole('button', { name: 'Copy stream key' }));
  expect(copy).toHaveBeenCalledWith('sk-secret', 'Stream key');
  expect(await screen.findByText('Copied')).toBeTruthy();
});
