import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderTemplate, TemplateError, type TemplateValues, templateVariables } from './template.ts'

const values: TemplateValues = {
  ControlPlane: 'http://10.0.0.1:50051',
  NodeID: 'gpu-node-001',
  Pool: 'gpu-partition',
  Provider: 'lambda',
  Region: 'us-west-2',
  InstanceType: 'gpu_8x_h100_sxm5',
}

describe('renderTemplate', () => {
  it('substitutes all six variables, with or without spaces', () => {
    expect(renderTemplate(templateVariables.map((name) => `{{.${name}}}`).join(' '), values)).toBe(
      'http://10.0.0.1:50051 gpu-node-001 gpu-partition lambda us-west-2 gpu_8x_h100_sxm5',
    )
    expect(renderTemplate('{{ .NodeID }}', values)).toBe('gpu-node-001')
  })

  it('leaves a heredoc exactly as it is, apart from the variables', () => {
    const unit = [
      'cat > /etc/systemd/system/navarch-node.service << EOF',
      '[Service]',
      '  ExecStart=/usr/local/bin/navarch-node --server {{.ControlPlane}} --node-id {{.NodeID}}',
      'Environment="A=$HOME" \\',
      'EOF',
      '',
    ].join('\n')
    expect(renderTemplate(unit, values)).toBe(
      unit.replace('{{.ControlPlane}}', values.ControlPlane).replace('{{.NodeID}}', values.NodeID),
    )
  })

  it('trims, skips comments and renders literals as Go does', () => {
    expect(renderTemplate('a  {{- .NodeID -}}  b', values)).toBe('agpu-node-001b')
    expect(renderTemplate('a{{/* why */}}b', values)).toBe('ab')
    expect(renderTemplate('docker ps --format \'{{"{{"}}.Names}}\'', values)).toBe("docker ps --format '{{.Names}}'")
  })

  it('names the unknown variable, its line, and the known ones', () => {
    expect(() => renderTemplate('a\nb {{.NodeId}}', values)).toThrow(
      /^template, line 2: unknown variable \{\{\.NodeId\}\}; there are .*\{\{\.NodeID\}\}/,
    )
  })

  it.each(['{{if .NodeID}}x{{end}}', '{{.NodeID | quote}}', '{{}}', '{{.NodeID', '{{NodeID}}'])(
    'refuses %s',
    (text) => {
      expect(() => renderTemplate(text, values)).toThrow(TemplateError)
    },
  )

  it('refuses a value that a shell could misread, wherever it came from', () => {
    fc.assert(
      fc.property(fc.constantFrom(...templateVariables), fc.string({ minLength: 1 }), (name, value) => {
        fc.pre(/[\s'"`$\\;&|<>(){}*?!#~]/.test(value) || value.startsWith('-'))
        expect(() => renderTemplate(`x {{.${name}}}`, { ...values, [name]: value })).toThrow(TemplateError)
      }),
    )
  })

  it('refuses an empty value only where it is used', () => {
    expect(() => renderTemplate('--region {{.Region}}', { ...values, Region: '' })).toThrow('{{.Region}} has no value')
    expect(renderTemplate('{{.NodeID}}', { ...values, Region: '' })).toBe('gpu-node-001')
  })

  it('returns text without braces unchanged', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('{{'))
        expect(renderTemplate(text, values)).toBe(text)
      }),
    )
  })

  it('throws nothing but TemplateError', () => {
    const piece = fc.constantFrom('{{', '}}', '.NodeID', '-', ' ', '"', '/*', '*/', '\n', 'x')
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          renderTemplate(pieces.join(''), values)
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateError)
        }
      }),
    )
  })
})
