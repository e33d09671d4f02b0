namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>What of an object a client wants.</summary>
internal enum ResponseShape
{
    Object,

    /// <summary>Rows for kubectl get.</summary>
    Table,

    /// <summary>Only type and metadata.</summary>
    PartialMetadata,
}

internal enum ResponseEncoding
{
    Json,
    Yaml,
    Protobuf,
}

/// <summary>How a client wants objects.</summary>
internal readonly record struct ResponseForm(ResponseEncoding Encoding, ResponseShape Shape);
