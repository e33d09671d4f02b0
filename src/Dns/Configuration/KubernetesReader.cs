using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Configuration;

/// <summary><c>kubernetes [ZONE...] { ... }</c>.</summary>
internal static class KubernetesReader
{
    private const string Plugin = "kubernetes";

    internal static KubernetesPlan Read(CorefileDirective directive, NameSuffix[] serverZones)
    {
        var zones = directive.ZonesOr(Plugin, directive.Texts(), serverZones).Select(zone => zone.ToString()).ToList();
        var own = zones.Where(zone => !IsReverse(zone)).ToList();
        if (own.Count == 0)
        {
            throw directive.Error("non-reverse zone name must be used");
        }

        if (own.Contains("."))
        {
            throw directive.Error("the cluster's zone cannot be the root: name it");
        }

        // The first is the one that reverse names lead to, as in CoreDNS.
        var plan = new KubernetesPlan { Zone = own[0], Aliases = [.. own.Skip(1).Distinct().Where(zone => zone != own[0]).Select(zone => new ZoneAlias(zone, own[0]))] };
        foreach (var property in directive.Properties())
        {
            plan = Read(property, plan);
        }

        if (plan.Namespaces.Length > 0 && plan.NamespaceLabels is not null)
        {
            throw directive.Error("namespaces and namespace_labels cannot both be set");
        }

        // A reverse zone that falls through answers what it knows, which needs no zone: what the cluster has is always answered.
        var closed = zones.Where(IsReverse).Where(reverse => !NameSuffix.AnyCovers(plan.FallThrough, View(reverse))).ToArray();
        return plan with { ReverseZones = closed };
    }

    private static NameView View(string zone) => NameView.Split(DnsName.ParseLower(zone), new byte[NameView.MaxLabels]);

    private static bool IsReverse(string zone) => AddressNames.IsReverse(View(zone));

    private static KubernetesPlan Read(CorefileDirective property, KubernetesPlan plan)
    {
        switch (property.Name.Text)
        {
            case "pods":
                var mode = property.Only(Plugin);
                return mode is "disabled" or "insecure" or "verified"
                    ? plan with { Pods = Enum.Parse<PodRecordMode>(mode, ignoreCase: true) }
                    : throw property.Error($"wrong value for pods: {mode},  must be one of: disabled, verified, insecure", Plugin);
            case "namespaces":
                return plan with { Namespaces = [.. plan.Namespaces, .. property.Some(Plugin)] };
            case "labels":
                return plan with { Labels = string.Join(' ', property.Some(Plugin)) };
            case "namespace_labels":
                return plan with { NamespaceLabels = string.Join(' ', property.Some(Plugin)) };
            case "fallthrough":
                return plan with { FallThrough = PluginReader.FallThrough(property, Plugin) };
            case "ttl":
                return plan with { Ttl = (uint)property.Number(Plugin, 0, 0, 3600) };
            case "kubeconfig":
                return property.Texts() is [var path, ..] words && words.Length <= 2
                    ? plan with { KubeConfig = (CorefileReader.Resolve(property, path), words.Length == 2 ? words[1] : null) }
                    : throw property.ArgumentError(Plugin);
            case "endpoint":
                return Uri.TryCreate(property.Some(Plugin)[0], UriKind.Absolute, out var endpoint) && endpoint.Scheme is "http" or "https"
                    ? plan with { Endpoint = endpoint }
                    : throw property.Error($"endpoint {property.Arguments[0].Text}: expected http://HOST:PORT", Plugin);
            case "endpoint_pod_names":
                property.Nothing(Plugin);
                return plan with { NamesEndpointsByPod = true };
            case "noendpoints":
                property.Nothing(Plugin);
                return plan with { WithoutEndpoints = true };
            case "ignore":
                return property.Only(Plugin) is "empty_service"
                    ? plan with { HidesEmptyServices = true }
                    : throw property.Error($"unable to parse ignore value: '{property.Arguments[0].Text}'", Plugin);
            case "tls":
                return property.Texts() is [var certificate, var key, var authority]
                    ? plan with { Tls = (CorefileReader.Resolve(property, certificate), CorefileReader.Resolve(property, key), CorefileReader.Resolve(property, authority)) }
                    : throw property.ArgumentError(Plugin);
            case "startup_timeout":
                // This server does not wait: it answers SERVFAIL until it knows.
                property.Duration(Plugin, 0);
                return plan;
            case "apiserver_qps" or "apiserver_burst" or "apiserver_max_inflight":
                // Limits of a client that this one, with a list and a watch a kind, does not come near.
                property.Number(Plugin, 0, 1);
                return plan;
            case "multicluster":
                throw property.Error("property 'multicluster' is not supported by this server", Plugin);
            case "upstream" or "resyncperiod" or "transfer":
                throw property.Error($"property '{property.Name.Text}' was removed from CoreDNS", Plugin);
            default:
                throw property.Unknown(Plugin);
        }
    }
}
