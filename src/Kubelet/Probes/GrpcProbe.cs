using System.Net.Sockets;
using System.Text;
using Dataplane.Api;
using Dataplane.Hosting.Grpc;

namespace Dataplane.Kubelet.Probes;

/// <summary>grpc probes: grpc.health.v1.Health/Check, without TLS. Words are those of pkg/probe/grpc of upstream.</summary>
internal sealed class GrpcProbe(NodeDialer dialer)
{
    private const int Serving = 1;

    // A request has a string as field 1, an answer an enumeration.
    private const byte StringField = 0x0A;
    private const byte EnumField = 0x08;

    private static readonly string[] Names = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
    private static readonly Method<string, int> Check = new("grpc.health.v1.Health", "Check", Request, Status);

    internal async Task<ProbeOutcome> TryAsync(GRPCAction grpc, string podIP, TimeSpan limit, CancellationToken cancellation)
    {
        var address = NodeDialer.Join(podIP, grpc.Port);
        var within = GoDuration.Format(limit);
        using var channel = GrpcChannel.Over(
            new Uri($"http://{address}"),
            async connecting => new NetworkStream(await dialer.ConnectAsync(podIP, grpc.Port, connecting), ownsSocket: true));
        try
        {
            var status = await channel.UnaryAsync(Check, grpc.Service ?? "", limit, cancellation);
            return status == Serving
                ? ProbeOutcome.Success
                : ProbeOutcome.Failure($"service unhealthy (responded with \"{(status >= 0 && status < Names.Length ? Names[status] : status)}\")");
        }
        catch (RpcException failure)
        {
            return ProbeOutcome.Failure(failure switch
            {
                { WasSent: false } => $"timeout: failed to connect service \"{address}\" within {within}: context deadline exceeded",
                { StatusCode: StatusCode.Unimplemented } =>
                    $"error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {failure.Detail}",
                { StatusCode: StatusCode.DeadlineExceeded } => $"timeout: health rpc did not complete within {within}",
                _ => $"error: health rpc probe failed: rpc error: code = {failure.StatusCode} desc = {failure.Detail}",
            });
        }
    }

    private static byte[] Request(string service)
    {
        var name = Encoding.UTF8.GetBytes(service);
        if (name.Length == 0)
        {
            return [];
        }

        // A varint; two bytes are enough for 16 KiB.
        return name.Length < 0x80 ? [StringField, (byte)name.Length, .. name] : [StringField, (byte)(name.Length | 0x80), (byte)(name.Length >> 7), .. name];
    }

    private static int Status(byte[] answer) => answer is [EnumField, var status, ..] ? status : 0;
}
