using Dataplane.Api;
using Dataplane.Api.Client;

namespace Dataplane.Cli.Cluster;

/// <summary>The Service <c>kube-system/kube-dns</c>. It has no selector: the server runs in this process, not in a pod.</summary>
internal static class ClusterDnsObjects
{
    private const string Name = "kube-dns";
    private const string Namespace = "kube-system";
    private const int Port = 53;

    internal static async Task EnsureAsync(KubernetesClient client, CancellationToken cancellation)
    {
        await CreateUnlessThereAsync(client, KubeDnsService(), cancellation);
        await CreateUnlessThereAsync(client, KubeDnsSlice(), cancellation);
    }

    /// <summary>A cluster whose store outlived the last run has it, with its ClusterIP: a create would be refused for that address, not for the name.</summary>
    private static async Task CreateUnlessThereAsync<T>(KubernetesClient client, T obj, CancellationToken cancellation)
        where T : class, IResource<T>
    {
        try
        {
            await client.GetAsync<T>(NamespacedName.Of(obj), cancellation);
        }
        catch (ApiException absent) when (absent.IsNotFound)
        {
            await client.CreateAsync(obj, cancellation);
        }
    }

    private static Service KubeDnsService() => new()
    {
        Metadata = new()
        {
            Name = Name,
            Namespace = Namespace,
            Labels = new() { ["k8s-app"] = Name, ["kubernetes.io/cluster-service"] = "true", ["kubernetes.io/name"] = "CoreDNS" },
        },
        Spec = new()
        {
            ClusterIP = AddressPlan.DnsServiceAddress.ToString(),
            Ports =
            [
                new() { Name = "dns", Protocol = "UDP", Port = Port, TargetPort = Port },
                new() { Name = "dns-tcp", Protocol = "TCP", Port = Port, TargetPort = Port },
            ],
        },
    };

    private static EndpointSlice KubeDnsSlice() => new()
    {
        Metadata = new()
        {
            Name = Name,
            Namespace = Namespace,
            Labels = new() { ["kubernetes.io/service-name"] = Name, ["endpointslice.kubernetes.io/managed-by"] = "up.dataplane.dev" },
        },
        AddressType = "IPv4",
        Endpoints = [new() { Addresses = [AddressPlan.FabricAddress.ToString()], Conditions = new() { Ready = true } }],
        Ports = [new() { Name = "dns", Protocol = "UDP", Port = Port }, new() { Name = "dns-tcp", Protocol = "TCP", Port = Port }],
    };
}
