using System.Net;
using Dataplane.Api;

namespace Dataplane.Kubelet.Sandbox;

/// <summary>resolv.conf(5) of the machine or of a pod. Limits are glibc's and those Kubernetes validates.</summary>
internal sealed record ResolvConf(IReadOnlyList<string> Nameservers, IReadOnlyList<string> Searches, IReadOnlyList<string> Options)
{
    private const int MaxNameservers = 3;
    private const int MaxSearches = 32;
    private const int MaxSearchCharacters = 2048;

    internal static ResolvConf Parse(string text)
    {
        var (nameservers, searches, options) = (new List<string>(), new List<string>(), new List<string>());
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", var address, ..]:
                    nameservers.Add(address);
                    break;
                case ["search" or "domain", .. var domains]:
                    // The last such line wins (resolv.conf(5)).
                    searches = [.. domains];
                    break;
                case ["options", .. var more]:
                    options.AddRange(more);
                    break;
            }
        }

        return new ResolvConf(nameservers, searches, options);
    }

    /// <summary>Whether a pod is to ask the cluster's name servers, if there are any.</summary>
    internal static bool WantsCluster(Pod pod) => pod.Spec.DNSPolicy switch
    {
        "None" or "Default" => false,
        "ClusterFirstWithHostNet" => true,
        _ => pod.Spec.HostNetwork != true,
    };

    /// <summary>What a pod gets by its dnsPolicy and dnsConfig. <paramref name="cut"/> says what did not fit, in upstream's words.</summary>
    internal static ResolvConf ForPod(Pod pod, ResolvConf machine, IReadOnlyList<IPAddress> clusterDns, string domain, out string? cut)
    {
        var chosen = pod.Spec.DNSPolicy == "None" ? new ResolvConf([], [], [])
            : clusterDns.Count > 0 && WantsCluster(pod) ? Cluster()
            : machine;
        if (pod.Spec.DNSConfig is { } config)
        {
            chosen = new ResolvConf(
                [.. chosen.Nameservers.Union(config.Nameservers)],
                [.. chosen.Searches.Union(config.Searches)],
                MergeOptions(chosen.Options, config.Options));
        }

        return chosen.Limited(out cut);

        ResolvConf Cluster()
        {
            var ns = pod.Metadata.Namespace;
            string[] searches = [$"{ns}.svc.{domain}", $"svc.{domain}", domain];
            return new ResolvConf([.. clusterDns.Select(address => address.ToString())], [.. searches.Union(machine.Searches)], ["ndots:5"]);
        }
    }

    /// <summary>The file's text.</summary>
    public override string ToString()
    {
        var text = new System.Text.StringBuilder();
        if (Searches.Count > 0)
        {
            text.Append("search ").AppendJoin(' ', Searches).Append('\n');
        }

        foreach (var nameserver in Nameservers)
        {
            text.Append("nameserver ").Append(nameserver).Append('\n');
        }

        if (Options.Count > 0)
        {
            text.Append("options ").AppendJoin(' ', Options).Append('\n');
        }

        return text.ToString();
    }

    private ResolvConf Limited(out string? cut)
    {
        cut = null;
        var nameservers = Nameservers.Take(MaxNameservers).ToArray();
        if (nameservers.Length < Nameservers.Count)
        {
            cut = $"Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: {string.Join(' ', nameservers)}";
        }

        var searches = Searches.Take(MaxSearches).ToList();
        while (string.Join(' ', searches).Length > MaxSearchCharacters)
        {
            searches.RemoveAt(searches.Count - 1);
        }

        if (searches.Count < Searches.Count)
        {
            cut = $"Search Line limits were exceeded, some search paths have been omitted, the applied search line is: {string.Join(' ', searches)}";
        }

        return new ResolvConf(nameservers, searches, Options);
    }

    private static List<string> MergeOptions(IReadOnlyList<string> options, List<PodDNSConfigOption> more)
    {
        var merged = options.Where(option => more.TrueForAll(own => own.Name != option.Split(':')[0])).ToList();
        merged.AddRange(more.Select(own => string.IsNullOrEmpty(own.Value) ? own.Name : $"{own.Name}:{own.Value}"));
        return merged;
    }
}
