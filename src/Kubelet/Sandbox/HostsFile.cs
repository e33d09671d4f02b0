using System.Net;
using System.Text;
using Dataplane.Api;

namespace Dataplane.Kubelet.Sandbox;

/// <summary>/etc/hosts of a pod, in the layout that upstream's conformance test looks for.</summary>
internal static class HostsFile
{
    internal static string Render(Pod pod, string hostname, IReadOnlyList<IPAddress> addresses, string domain)
    {
        var text = new StringBuilder()
            .Append("# Kubernetes-managed hosts file.\n")
            .Append("127.0.0.1\tlocalhost\n")
            .Append("::1\tlocalhost ip6-localhost ip6-loopback\n")
            .Append("fe00::0\tip6-localnet\n")
            .Append("fe00::0\tip6-mcastprefix\n")
            .Append("fe00::1\tip6-allnodes\n")
            .Append("fe00::2\tip6-allrouters\n");
        foreach (var address in addresses)
        {
            text.Append(address).Append('\t');
            if (QualifiedName(pod, hostname, domain) is { } full)
            {
                text.Append(full).Append('\t');
            }

            text.Append(hostname).Append('\n');
        }

        return text.Append(Aliases(pod)).ToString();
    }

    /// <summary>A pod with the node's network has the node's own names: the test looks for the missing full stop.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="node">The node's file.</param>
    internal static string RenderHostNetwork(Pod pod, string node) =>
        $"# Kubernetes-managed hosts file (host network).\n{node}{(node.Length == 0 || node.EndsWith('\n') ? "" : "\n")}{Aliases(pod)}";

    /// <summary>The name by which a headless Service makes the pod known; null without a subdomain.</summary>
    internal static string? QualifiedName(Pod pod, string hostname, string domain) =>
        string.IsNullOrEmpty(pod.Spec.Subdomain) ? null : $"{hostname}.{pod.Spec.Subdomain}.{pod.Metadata.Namespace}.svc.{domain}";

    private static string Aliases(Pod pod)
    {
        var text = new StringBuilder();
        if (pod.Spec.HostAliases.Count > 0)
        {
            text.Append("\n# Entries added by HostAliases.\n");
            foreach (var alias in pod.Spec.HostAliases)
            {
                text.Append(alias.IP).Append('\t').AppendJoin('\t', alias.Hostnames).Append('\n');
            }
        }

        return text.ToString();
    }
}
