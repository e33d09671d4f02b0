using System.Net;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Services;

/// <summary>Gives Services their ClusterIP and node ports, and takes them back.</summary>
internal sealed class ServiceAllocation(ClusterAddressPool addresses, NodePortPool ports)
{
    /// <summary>Marks what a stored Service holds: at start.</summary>
    public void Adopt(JsonObject service)
    {
        if (ClusterAddress(service) is { } address)
        {
            addresses.TryTake(address);
        }

        foreach (var port in NodePorts(service))
        {
            ports.TryTake(port);
        }
    }

    public void Release(JsonObject service)
    {
        if (ClusterAddress(service) is { } address)
        {
            addresses.Release(address);
        }

        foreach (var port in NodePorts(service))
        {
            ports.Release(port);
        }
    }

    /// <summary>Takes what a Service needs beyond what its old version held.</summary>
    /// <param name="service">The new version; what is taken is written into it.</param>
    /// <param name="old">The old version, or null.</param>
    /// <param name="errors">What could not be had.</param>
    public IReservation Reserve(JsonObject service, JsonObject? old, FieldErrors errors)
    {
        var reservation = new ServiceReservation(addresses, ports);
        ReserveAddress(service, old, reservation, errors);
        ReservePorts(service, old, reservation, errors);
        return reservation;
    }

    private void ReserveAddress(JsonObject service, JsonObject? old, ServiceReservation reservation, FieldErrors errors)
    {
        var held = old is null ? null : ClusterAddress(old);
        var spec = service.Ensure("spec");
        var wanted = spec.Text("clusterIP");
        if (spec.Text("type") == "ExternalName" || wanted == "None")
        {
            reservation.ReleaseOnKeep(held);
            return;
        }

        if (string.IsNullOrEmpty(wanted))
        {
            if (addresses.TakeAny() is not { } taken)
            {
                errors.InvalidRaw("spec.clusterIPs", GoValue.Strings(null), $"failed to allocate a serviceIP: range is full: {addresses.Cidr}");
                return;
            }

            reservation.Taken(taken);
            SetAddress(spec, taken.ToString());
            return;
        }

        if (!IPAddress.TryParse(wanted, out var address))
        {
            return;
        }

        if (!address.Equals(held))
        {
            if (!addresses.Contains(address))
            {
                errors.InvalidRaw(
                    "spec.clusterIPs",
                    GoValue.Strings([wanted]),
                    $"failed to allocate IP {wanted}: the provided IP ({wanted}) is not in the valid range. The range of valid IPs is {addresses.Cidr}");
                return;
            }

            if (!addresses.TryTake(address))
            {
                errors.InvalidRaw("spec.clusterIPs", GoValue.Strings([wanted]), $"failed to allocate IP {wanted}: provided IP is already allocated");
                return;
            }

            reservation.Taken(address);
        }

        SetAddress(spec, wanted);
    }

    private void ReservePorts(JsonObject service, JsonObject? old, ServiceReservation reservation, FieldErrors errors)
    {
        var held = old is null ? [] : NodePorts(old).ToHashSet();
        var mine = new Dictionary<long, int>();
        var used = new HashSet<int>();
        if (NeedsNodePorts(service))
        {
            var index = 0;
            foreach (var port in service.Objects("spec", "ports"))
            {
                var number = port.Integer("port") ?? 0;
                var taken = Take(port.Integer("nodePort"), $"spec.ports[{index++}].nodePort", number, mine, held, used, reservation, errors);
                if (taken is { } nodePort)
                {
                    port["nodePort"] = (long)nodePort;
                    mine[number] = nodePort;
                }
            }
        }

        if (NeedsHealthCheckPort(service))
        {
            var taken = Take(service.Integer("spec", "healthCheckNodePort"), "spec.healthCheckNodePort", -1, mine, held, used, reservation, errors);
            if (taken is { } healthPort)
            {
                service.Ensure("spec")["healthCheckNodePort"] = (long)healthPort;
            }
        }

        foreach (var port in held.Except(used))
        {
            reservation.ReleaseOnKeep(port);
        }
    }

    private int? Take(
        long? wanted, string field, long servicePort, Dictionary<long, int> mine, HashSet<int> held, HashSet<int> used, ServiceReservation reservation, FieldErrors errors)
    {
        if (wanted is null or 0)
        {
            // One port number on two protocols shares its node port.
            if (mine.TryGetValue(servicePort, out var shared))
            {
                return shared;
            }

            if (ports.TakeAny() is not { } any)
            {
                errors.Invalid(field, 0, "failed to allocate a nodePort: range is full");
                return null;
            }

            reservation.Taken(any);
            used.Add(any);
            return any;
        }

        if (!ports.Contains(wanted.Value))
        {
            errors.Invalid(field, wanted.Value, $"provided port is not in the valid range. The range of valid ports is {ports.Range.First}-{ports.Range.Last}");
            return null;
        }

        var port = (int)wanted.Value;
        if (used.Add(port) && !held.Contains(port))
        {
            if (!ports.TryTake(port))
            {
                errors.Invalid(field, wanted.Value, "provided port is already allocated");
                return null;
            }

            reservation.Taken(port);
        }

        return port;
    }

    private static bool NeedsNodePorts(JsonObject service) => service.Text("spec", "type") switch
    {
        "NodePort" => true,
        "LoadBalancer" => service.Boolean("spec", "allocateLoadBalancerNodePorts") != false || NodePorts(service).Any(),
        _ => false,
    };

    private static bool NeedsHealthCheckPort(JsonObject service) =>
        service.Text("spec", "type") == "LoadBalancer" && service.Text("spec", "externalTrafficPolicy") == "Local";

    private static void SetAddress(JsonObject spec, string address)
    {
        spec["clusterIP"] = address;
        spec["clusterIPs"] = new JsonArray(address);
    }

    private static IPAddress? ClusterAddress(JsonObject service) =>
        service.Text("spec", "type") != "ExternalName" && IPAddress.TryParse(service.Text("spec", "clusterIP"), out var address) ? address : null;

    private static IEnumerable<int> NodePorts(JsonObject service) =>
        service.Objects("spec", "ports").Select(port => (int)(port.Integer("nodePort") ?? 0))
            .Append((int)(service.Integer("spec", "healthCheckNodePort") ?? 0)).Where(port => port != 0).Distinct();
}
