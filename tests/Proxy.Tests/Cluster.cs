using Dataplane.Api;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests;

/// <summary>A cluster in a few words: Services and slices in one namespace, seen from node "here" in zone "a".</summary>
internal sealed class Cluster
{
    private readonly ServiceModelState _model = new(NullLogger.Instance);
    private ForwardingPlan? _plan;
    private int _slices;

    internal static NodeFacts Here { get; } = new("here", "a")
    {
        PodCidrs = [System.Net.IPNetwork.Parse("10.244.1.0/24"), System.Net.IPNetwork.Parse("fd00:10:244:1::/64")],
        Addresses = [System.Net.IPAddress.Parse("172.30.0.11"), System.Net.IPAddress.Parse("fd00:172:30::11")],
    };

    /// <summary>Where Services and slices from here on are.</summary>
    internal string Namespace { get; set; } = "ns";

    /// <summary>The node it is seen from; set before the first plan.</summary>
    internal NodeFacts Node { get; set; } = Here;

    internal PlanningOptions Options { get; set; } = new()
    {
        LocalDetector = new LocalDetector.Networks([System.Net.IPNetwork.Parse("10.244.0.0/16"), System.Net.IPNetwork.Parse("fd00:10:244::/56")]),
    };

    internal Cluster Service(string name, string clusterIP, ServicePort[] ports, Action<Service>? configure = null)
    {
        var service = new Service
        {
            Metadata = new ObjectMeta { Namespace = Namespace, Name = name },
            Spec = new ServiceSpec { Type = "ClusterIP", ClusterIP = clusterIP, ClusterIPs = [clusterIP], Ports = [.. ports] },
        };
        configure?.Invoke(service);
        _model.Set(NamespacedName.Of(service), service);
        return this;
    }

    internal Cluster Service(string name, string clusterIP, int port, Action<Service>? configure = null) =>
        Service(name, clusterIP, [new ServicePort { Port = port }], configure);

    internal Cluster Delete(string name)
    {
        _model.Set(new NamespacedName(Namespace, name), (Service?)null);
        return this;
    }

    /// <summary>A slice for a Service's ports ("name:number", or "number" for the unnamed port) with endpoints as <see cref="Endpoint"/> reads them.</summary>
    internal Cluster Slice(string service, string ports, params string[] endpoints) => Slice($"{service}-{++_slices}", service, ports, endpoints);

    internal Cluster Slice(string slice, string service, string ports, string[] endpoints)
    {
        _model.Set(new NamespacedName(Namespace, slice), new EndpointSlice
        {
            Metadata = new ObjectMeta { Namespace = Namespace, Name = slice, Labels = new() { ["kubernetes.io/service-name"] = service } },
            AddressType = endpoints.Any(endpoint => endpoint.Contains(':')) ? "IPv6" : "IPv4",
            Ports = [.. ports.Split(',').Select(Port)],
            Endpoints = [.. endpoints.Select(Endpoint)],
        });
        return this;
    }

    internal Cluster DeleteSlice(string slice)
    {
        _model.Set(new NamespacedName(Namespace, slice), (EndpointSlice?)null);
        return this;
    }

    internal ForwardingPlan Plan()
    {
        var (table, changed) = _model.Take();
        return _plan = _plan is null ? Planner.Plan(table, Node, Options) : Planner.Update(_plan, table, changed, Node, Options);
    }

    /// <summary>"10.244.1.5 here ready unready serving terminating zone=a node=here": an address and what is unusual about it.</summary>
    internal static Endpoint Endpoint(string text)
    {
        var words = text.Split(' ');
        var hints = new EndpointHints
        {
            ForZones = [.. words.Where(word => word.StartsWith("zone=")).Select(word => new ForZone { Name = word[5..] })],
            ForNodes = [.. words.Where(word => word.StartsWith("node=")).Select(word => new ForNode { Name = word[5..] })],
        };
        return new Endpoint
        {
            Addresses = [words[0]],
            NodeName = words.Contains("here") ? "here" : "there",
            Conditions = new EndpointConditions
            {
                Ready = words.Contains("ready") || (!words.Contains("unready") && !words.Contains("terminating")),
                Serving = words.Contains("serving") || (!words.Contains("unready") && !words.Contains("terminating")),
                Terminating = words.Contains("terminating"),
            },
            Hints = hints,
        };
    }

    // "dns/UDP:5353" or "8080".
    private static EndpointPort Port(string text)
    {
        var parts = text.Split(':');
        var name = parts.Length == 2 ? parts[0].Split('/') : [""];
        return new EndpointPort { Name = name[0], Protocol = name.Length == 2 ? name[1] : "TCP", Port = int.Parse(parts[^1]) };
    }
}
