using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>How a client wants objects: as they are, or as rows of a table.</summary>
internal enum ResponseForm
{
    Object,
    Table,

    /// <summary>Only type and metadata.</summary>
    PartialMetadata,

    /// <summary>Whole objects in protobuf.</summary>
    Protobuf,
}

/// <summary>Reads the Accept header.</summary>
internal static class AcceptHeader
{
    /// <returns>The first clause that can be served.</returns>
    /// <exception cref="StatusException">406 when there is none.</exception>
    public static ResponseForm Form(ApiRequest request)
    {
        var accept = request.Http.Request.Headers.Accept.ToString();
        if (accept.Length == 0)
        {
            return ResponseForm.Object;
        }

        foreach (var clause in accept.Split(','))
        {
            var parts = clause.Split(';', StringSplitOptions.TrimEntries);
            var shaped = parts.Any(part => part.StartsWith("as=", StringComparison.Ordinal));
            if (parts[0] == ProtobufDecoder.MediaType && !shaped && !request.Descriptor.IsCustom)
            {
                return ResponseForm.Protobuf;
            }

            if (parts[0] is not ("application/json" or "*/*" or "application/*"))
            {
                continue;
            }

            switch (parts.FirstOrDefault(part => part.StartsWith("as=", StringComparison.Ordinal)))
            {
                case null:
                    return ResponseForm.Object;
                case "as=Table" when parts.Contains("g=meta.k8s.io"):
                    return ResponseForm.Table;
                case "as=PartialObjectMetadata" or "as=PartialObjectMetadataList" when parts.Contains("g=meta.k8s.io"):
                    return ResponseForm.PartialMetadata;
                default:
                    continue;
            }
        }

        throw StatusException.NotAcceptable();
    }
}
