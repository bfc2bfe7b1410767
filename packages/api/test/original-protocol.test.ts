import { ControlPlaneService, file_navarch_control_plane as file } from '@navarch/api/control-plane'
import { describe, expect, it } from 'vitest'

/**
 * The original's messages with their field numbers, and its enums.
 * Source: NavarchProject/navarch, proto/control_plane.proto at 119c5e1 (2026-02-13).
 */
const messages: Record<string, string> = {
  RegisterNodeRequest: 'node_id 1, provider 2, region 3, zone 4, instance_type 5, gpus 6, metadata 7',
  RegisterNodeResponse: 'success 1, message 2, config 3',
  ReportHealthRequest: 'node_id 1, results 2, events 3',
  ReportHealthResponse: 'acknowledged 1, node_status 2',
  HeartbeatRequest: 'node_id 1, timestamp 2, metrics 3',
  HeartbeatResponse: 'acknowledged 1',
  GetNodeCommandsRequest: 'node_id 1',
  GetNodeCommandsResponse: 'commands 1',
  ListNodesRequest: 'provider 1, region 2, status 3',
  ListNodesResponse: 'nodes 1',
  GetNodeRequest: 'node_id 1',
  GetNodeResponse: 'node 1',
  IssueCommandRequest: 'node_id 1, command_type 2, parameters 3',
  IssueCommandResponse: 'command_id 1, issued_at 2',
  ListInstancesRequest: 'provider 1, region 2, state 3, pool_name 4',
  ListInstancesResponse: 'instances 1',
  GetInstanceRequest: 'instance_id 1',
  GetInstanceResponse: 'instance 1',
  GPUInfo: 'index 1, uuid 2, name 3, pci_bus_id 4, memory_total 5, driver_version 6, cuda_version 7',
  NodeMetadata: 'hostname 1, internal_ip 2, external_ip 3, kernel_version 4, labels 5',
  NodeConfig: 'health_check_interval_seconds 1, heartbeat_interval_seconds 2, enabled_health_checks 3',
  HealthCheckResult: 'check_name 1, status 2, message 3, timestamp 4, details 5',
  HealthEvent: 'timestamp 1, gpu_index 2, gpu_uuid 3, system 4, event_type 5, metrics 6, message 7',
  NodeMetrics: 'cpu_usage_percent 1, memory_usage_percent 2, gpu_metrics 3',
  GPUMetrics: 'gpu_index 1, temperature 2, power_usage 3, utilization_percent 4, memory_used 5',
  NodeCommand: 'command_id 1, type 2, parameters 3, issued_at 4',
  NodeInfo:
    'node_id 1, provider 2, region 3, zone 4, instance_type 5, status 6, health_status 7, last_heartbeat 8, gpus 9, metadata 10',
  InstanceInfo:
    'instance_id 1, provider 2, region 3, zone 4, instance_type 5, state 6, pool_name 7, created_at 8, ready_at 9, terminated_at 10, node_id 11, status_message 12, labels 13',
}

const enums: Record<string, string[]> = {
  HealthStatus: ['UNKNOWN', 'HEALTHY', 'DEGRADED', 'UNHEALTHY'],
  HealthEventType: [
    'UNKNOWN',
    'XID',
    'THERMAL',
    'POWER',
    'MEMORY',
    'NVLINK',
    'PCIE',
    'DRIVER_ERROR',
    'ECC_SBE',
    'ECC_DBE',
  ],
  HealthWatchSystem: [
    ...['UNKNOWN', 'PCIE', 'NVLINK', 'PMU', 'MCU', 'MEM', 'SM', 'INFOROM', 'THERMAL', 'POWER', 'DRIVER', 'NVSWITCH'],
  ],
  NodeStatus: ['UNKNOWN', 'ACTIVE', 'CORDONED', 'DRAINING', 'UNHEALTHY', 'TERMINATED'],
  InstanceState: [
    ...['UNKNOWN', 'PROVISIONING', 'PENDING_REGISTRATION', 'RUNNING', 'TERMINATING', 'TERMINATED', 'FAILED'],
  ],
  NodeCommandType: ['UNKNOWN', 'CORDON', 'DRAIN', 'RUN_DIAGNOSTIC', 'TERMINATE', 'UNCORDON'],
}

describe("the original system's protocol", () => {
  it('keeps its service and methods', () => {
    expect(ControlPlaneService.typeName).toBe('navarch.ControlPlaneService')
    expect(ControlPlaneService.methods.map((method) => method.name)).toEqual(
      expect.arrayContaining([
        ...['RegisterNode', 'ReportHealth', 'SendHeartbeat', 'GetNodeCommands', 'ListNodes', 'GetNode', 'IssueCommand'],
        ...['ListInstances', 'GetInstance'],
      ]),
    )
  })

  it.each(Object.entries(messages))('keeps the field numbers of %s, and adds its own from 20 on', (name, wanted) => {
    const fields = file.messages.find((message) => message.name === name)?.fields ?? []
    const original = fields.filter((field) => field.number < 20)
    expect(original.map((field) => `${field.name} ${field.number}`).join(', ')).toBe(wanted)
  })

  it.each(Object.entries(enums))('keeps the values of %s', (name, words) => {
    const values = file.enums.find((candidate) => candidate.name === name)?.values ?? []
    expect(values.slice(0, words.length).map((value) => [value.localName, value.number])).toEqual(
      words.map((word, index) => [word, index]),
    )
  })
})
