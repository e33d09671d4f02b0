namespace Dataplane.Hosting.Grpc;

/// <summary>A method of a gRPC service and how its messages become bytes. Shaped like Grpc.Core.Method, which does not restore.</summary>
/// <param name="Service">Qualified name, etcdserverpb.KV for example.</param>
/// <param name="Name">Of the method.</param>
/// <param name="Serialize">Request to bytes.</param>
/// <param name="Deserialize">Bytes to response.</param>
public sealed record Method<TRequest, TResponse>(string Service, string Name, Func<TRequest, byte[]> Serialize, Func<byte[], TResponse> Deserialize)
{
    /// <summary>The path of its requests.</summary>
    public string FullName => $"/{Service}/{Name}";
}
