import { expect, test } from 'vitest'
import { gpuTypeOf } from './gpu-type.ts'

test.each([
  ['NVIDIA H100 80GB HBM3', 'h100'],
  ['NVIDIA A100-SXM4-80GB', 'a100'],
  ['NVIDIA A10G', 'a10g'],
  ['NVIDIA L40S', 'l40s'],
  ['Tesla T4', 't4'],
  ['NVIDIA GB200', 'gb200'],
  ['NVIDIA GH200 480GB', 'gh200'],
  ['NVIDIA RTX A6000', 'rtxa6000'],
  ['NVIDIA GeForce RTX 4090', 'rtx4090'],
  ['AMD Instinct MI300X', 'mi300x'],
  ['Graphics Device', ''],
  ['', ''],
])('%s is of type "%s"', (name, type) => {
  expect(gpuTypeOf(name)).toBe(type)
})
