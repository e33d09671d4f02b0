using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Http;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Proxying;

/// <summary>Turns the object a proxy request names into an address.</summary>
internal sealed class ProxyResolver(IStore store, ResourceCatalog catalog)
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    /// <exception cref="StatusException">404 for an unknown object, 503 for a Service without a ready endpoint, 400 for an address that must not be reached.</exception>
    public ProxyDestination Resolve(ProxyRequest request) => request.Resource switch
    {
        "services" => Service(request.Namespace, request.Target),
        "pods" => Pod(request.Namespace, request.Target),
        _ => Node(request.Target),
    };

    private ProxyDestination Service(string ns, ProxyTarget target)
    {
        var service = Get("services", ns, target.Name);
        var portName = target.Port;
        if (int.TryParse(target.Port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            var port = service.Objects("spec", "ports").FirstOrDefault(port => port.Integer("port") == number)
                ?? throw StatusException.Unavailable($"no service port {number} found for service \"{target.Name}\"");
            portName = port.Text("name") ?? "";
        }

        var endPoints = ReadyEndPoints(ns, target.Name, portName).ToList();
        return endPoints.Count > 0
            ? new ProxyDestination(target.Scheme, endPoints[Random.Shared.Next(endPoints.Count)])
            : throw StatusException.Unavailable($"no endpoints available for service \"{target.Id}\"");
    }

    private IEnumerable<IPEndPoint> ReadyEndPoints(string ns, string service, string portName)
    {
        var snapshot = store.Current;
        var slices = catalog.Find("discovery.k8s.io", "endpointslices");
        foreach (var stored in snapshot.List(slices.Prefix(ns)).Where(slice => slice.Labels.GetValueOrDefault(ServiceNameLabel) == service))
        {
            var slice = stored.Document();
            if (slice.Objects("ports").FirstOrDefault(port => (port.Text("name") ?? "") == portName)?.Integer("port") is not { } port)
            {
                continue;
            }

            foreach (var endpoint in slice.Objects("endpoints").Where(endpoint => endpoint.Boolean("conditions", "ready") != false))
            {
                if (PodAddress(snapshot, ns, endpoint) is { } address)
                {
                    yield return new IPEndPoint(address, (int)port);
                }
            }
        }
    }

    // Anybody may write an EndpointSlice; only an address that is a pod's own is reached with the API server's network.
    private IPAddress? PodAddress(StoreSnapshot snapshot, string ns, JsonObject endpoint)
    {
        var address = endpoint.Texts("addresses").FirstOrDefault();
        var pod = endpoint.Text("targetRef", "kind") == "Pod" && endpoint.Text("targetRef", "name") is { } name
            ? snapshot.Get(catalog.Find("", "pods").Key(ns, name))?.Document()
            : null;
        return pod is not null && PodAddresses(pod).Contains(address) && IPAddress.TryParse(address, out var parsed) && IsProxyable(parsed) ? parsed : null;
    }

    private ProxyDestination Pod(string ns, ProxyTarget target)
    {
        var pod = Get("pods", ns, target.Name);
        var port = target.Port.Length > 0
            ? Number(target.Port)
            : (int)(pod.Objects("spec", "containers").SelectMany(container => container.Objects("ports")).FirstOrDefault()?.Integer("containerPort")
                ?? (target.Scheme == "https" ? 443 : 80));
        return IPAddress.TryParse(PodAddresses(pod).FirstOrDefault(), out var address) && IsProxyable(address)
            ? new ProxyDestination(target.Scheme, new IPEndPoint(address, port))
            : throw StatusException.BadRequest("address not allowed");
    }

    private ProxyDestination Node(ProxyTarget target)
    {
        var kubelet = KubeletClient.EndPointOf(Get("nodes", "", target.Name));
        if (target.Port.Length == 0 || Number(target.Port) == kubelet.Port)
        {
            return new ProxyDestination("https", kubelet, IsKubelet: true);
        }

        return IsProxyable(kubelet.Address)
            ? new ProxyDestination(target.Scheme, new IPEndPoint(kubelet.Address, Number(target.Port)))
            : throw StatusException.BadRequest("address not allowed");
    }

    private JsonObject Get(string plural, string ns, string name) =>
        store.Current.Get(catalog.Find("", plural).Key(ns, name))?.Document() ?? throw StatusException.NotFound(plural, name);

    private static IEnumerable<string?> PodAddresses(JsonObject pod) =>
        [.. pod.Objects("status", "podIPs").Select(entry => entry.Text("ip")), .. pod.Text("status", "podIP") is { } only ? new[] { only } : []];

    private static int Number(string port) =>
        int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 65536
            ? number
            : throw StatusException.BadRequest($"invalid port \"{port}\"");

    // A status is written by clients: it must not lead to the API server's own loopback or a cloud's metadata service.
    private static bool IsProxyable(IPAddress address) =>
        !IPAddress.IsLoopback(address)
        && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.IsIPv6LinkLocal && !address.IsIPv6Multicast
        && !(address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes() is [169, 254, ..] or [>= 224, ..]);
}
