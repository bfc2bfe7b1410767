import {
  create,
  type DescEnum,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  fromBinary,
  toBinary,
} from '@bufbuild/protobuf'
import { nestedTypes } from '@bufbuild/protobuf/reflect'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { Code, type ServiceImpl } from '@connectrpc/connect'
import {
  type ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from '@navarch/api/grpc-reflection-v1'
import {
  ServerReflectionRequestSchema as AlphaRequestSchema,
  ServerReflectionResponseSchema as AlphaResponseSchema,
  type ServerReflection as ServerReflectionAlpha,
} from '@navarch/api/grpc-reflection-v1alpha'

/** The files behind a set of services, by the names that reflection asks for. */
export interface DescriptorIndex {
  services: string[]
  byFileName: ReadonlyMap<string, DescFile>
  /** Services, methods, messages, enums and extensions, nested ones too, by their full name. */
  bySymbol: ReadonlyMap<string, DescFile>
}

/** Indexes services with everything that their files import. */
export function indexDescriptors(services: readonly DescService[]): DescriptorIndex {
  const byFileName = new Map<string, DescFile>()
  const bySymbol = new Map<string, DescFile>()
  for (const service of services) {
    for (const file of withImports(service.file)) {
      byFileName.set(file.proto.name, file)
      for (const type of nestedTypes(file)) {
        for (const symbol of symbolsOf(type)) bySymbol.set(symbol, file)
      }
    }
  }
  return { services: services.map((service) => service.typeName), byFileName, bySymbol }
}

function symbolsOf(type: DescMessage | DescEnum | DescExtension | DescService): string[] {
  if (type.kind !== 'service') return [type.typeName]
  return [type.typeName, ...type.methods.map((method) => `${type.typeName}.${method.name}`)]
}

/** A file and all that it needs, each once, in the order that a reader can take them in. */
function withImports(file: DescFile, seen: Set<DescFile> = new Set()): DescFile[] {
  if (seen.has(file)) return []
  seen.add(file)
  return [...file.dependencies.flatMap((dependency) => withImports(dependency, seen)), file]
}

/** grpc.reflection.v1. */
export function reflectionService(index: DescriptorIndex): ServiceImpl<typeof ServerReflection> {
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) yield answer(index, request)
    },
  }
}

/** grpc.reflection.v1alpha, which older clients ask for: the same messages under another name. */
export function reflectionAlphaService(index: DescriptorIndex): ServiceImpl<typeof ServerReflectionAlpha> {
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        const asked = fromBinary(ServerReflectionRequestSchema, toBinary(AlphaRequestSchema, request))
        yield fromBinary(AlphaResponseSchema, toBinary(ServerReflectionResponseSchema, answer(index, asked)))
      }
    },
  }
}

function answer(index: DescriptorIndex, request: ServerReflectionRequest): ServerReflectionResponse {
  const { messageRequest: asked } = request
  const reply = (messageResponse: ServerReflectionResponse['messageResponse']) =>
    create(ServerReflectionResponseSchema, { validHost: request.host, originalRequest: request, messageResponse })
  const files = (file: DescFile | undefined, what: string) =>
    file ? reply({ case: 'fileDescriptorResponse', value: fileDescriptors(file) }) : refuse(Code.NotFound, what)
  const refuse = (errorCode: Code, errorMessage: string) =>
    reply({ case: 'errorResponse', value: { $typeName: 'grpc.reflection.v1.ErrorResponse', errorCode, errorMessage } })
  switch (asked.case) {
    case 'listServices': {
      const service = index.services.map((name) => ({ $typeName: 'grpc.reflection.v1.ServiceResponse' as const, name }))
      return reply({
        case: 'listServicesResponse',
        value: { $typeName: 'grpc.reflection.v1.ListServiceResponse', service },
      })
    }
    case 'fileByFilename':
      return files(index.byFileName.get(asked.value), `file not found: ${asked.value}`)
    case 'fileContainingSymbol':
      return files(index.bySymbol.get(asked.value), `symbol not found: ${asked.value}`)
    case 'fileContainingExtension':
      return refuse(Code.NotFound, `extension not found: ${asked.value.containingType} ${asked.value.extensionNumber}`)
    case 'allExtensionNumbersOfType':
      return refuse(Code.NotFound, `type has no extensions: ${asked.value}`)
    default:
      return refuse(Code.InvalidArgument, 'message_request is required')
  }
}

function fileDescriptors(file: DescFile) {
  return {
    $typeName: 'grpc.reflection.v1.FileDescriptorResponse' as const,
    fileDescriptorProto: withImports(file).map((each) => toBinary(FileDescriptorProtoSchema, each.proto)),
  }
}
