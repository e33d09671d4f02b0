namespace Dataplane.Hosting.Grpc;

/// <summary>gRPC's status codes. Source: https://grpc.github.io/grpc/core/md_doc_statuscodes.html.</summary>
public enum StatusCode
{
    OK = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// <summary>A call that did not end well.</summary>
/// <param name="code">The status.</param>
/// <param name="detail">What the server says, or what the connection says in its place.</param>
/// <param name="wasSent">False when no byte of the request can have reached the server.</param>
/// <param name="inner">What broke below.</param>
public sealed class RpcException(StatusCode code, string detail, bool wasSent = true, Exception? inner = null) : Exception($"{code}: {detail}", inner)
{
    /// <summary>The status.</summary>
    public StatusCode StatusCode { get; } = code;

    /// <summary>The server's words.</summary>
    public string Detail { get; } = detail;

    /// <summary>False when no byte of the request can have reached the server: such a call may be made again.</summary>
    public bool WasSent { get; } = wasSent;
}
