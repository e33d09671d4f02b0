using System.Net;
using Dataplane.Cli.Cluster;
using Dataplane.Dns.Client;
using Dataplane.Dns.Wire;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Cli.Demo;

/// <summary>Asks the cluster's DNS through its ClusterIP from inside a pod, so that the proxy carries the question too.</summary>
internal static class DemoResolver
{
    private static readonly IPEndPoint Server = new(AddressPlan.DnsServiceAddress, 53);

    /// <returns>The A records of a Service of the demo's namespace.</returns>
    internal static async Task<IReadOnlyList<IPAddress>> AddressesAsync(NetworkNamespace pod, string service, CancellationToken cancellation)
    {
        var name = $"{service}.{DemoWorkload.Namespace}.svc.cluster.local";
        var response = await DnsClient.QueryAsync(name, RecordType.A, new DnsQueryOptions { Server = Server, Namespace = pod }, cancellation);
        DemoCell.Require(response.Code == ResponseCode.NoError, $"{name} from {pod.Name}: {response.Code}");

        // Presentation form, RFC 1035 section 5: the address is the last field.
        return [.. response.Answers.Select(answer => IPAddress.Parse(answer[(answer.LastIndexOfAny([' ', '\t']) + 1)..]))];
    }
}
