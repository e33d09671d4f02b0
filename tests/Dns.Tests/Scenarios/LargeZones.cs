using Dataplane.Api;

namespace Dataplane.Dns.Tests.Scenarios;

internal static class LargeZones
{
    /// <summary>A headless service in <c>testns</c> with one http port and endpoints 10.1.0.0, 10.1.0.1, ...</summary>
    internal static void AddHeadless(TestZone zone, string name, int endpoints)
    {
        zone.AddNamespace("testns");
        zone.Add(new Service { Metadata = new() { Namespace = "testns", Name = name }, Spec = new() { ClusterIP = "None", ClusterIPs = ["None"] } });
        zone.Add(new EndpointSlice
        {
            Metadata = new() { Namespace = "testns", Name = name + "-1", Labels = { ["kubernetes.io/service-name"] = name } },
            AddressType = "IPv4",
            Ports = [new EndpointPort { Name = "http", Protocol = "TCP", Port = 80 }],
            Endpoints = [.. Enumerable.Range(0, endpoints).Select(i => new Endpoint { Addresses = [$"10.1.{i >> 8}.{i & 0xFF}"] })],
        });
    }

    /// <summary>Services <c>svc-0</c> ... in <c>testns</c> with one cluster address and one port each.</summary>
    internal static void AddServices(TestZone zone, int count)
    {
        zone.AddNamespace("testns");
        for (var i = 0; i < count; i++)
        {
            var address = $"10.96.{i >> 8}.{i & 0xFF}";
            zone.Add(new Service
            {
                Metadata = new() { Namespace = "testns", Name = $"svc-{i}" },
                Spec = new() { ClusterIP = address, ClusterIPs = [address], Ports = [new ServicePort { Name = "http", Port = 80 }] },
            });
        }
    }
}
