using System.Net;
using Dataplane.Api;

namespace Dataplane.Dns.Zones;

/// <summary>
/// Which addresses pods have, by namespace. Counted, because a new pod may be seen with an address before its last holder is
/// seen to be gone.
/// </summary>
internal sealed class PodAddressCounts
{
    private readonly Dictionary<(string Namespace, string Address), int> _counts = [];
    private readonly HashSet<(string Namespace, string Address)> _changed = [];

    internal void Replace(Pod? old, Pod? now)
    {
        Count(old, -1);
        Count(now, 1);
    }

    internal NameTable<byte[]> Apply(NameTable<byte[]> table)
    {
        var builder = table.ToBuilder();
        foreach (var address in _changed)
        {
            if (Key(address.Namespace, address.Address) is not { } key)
            {
                continue;
            }

            if (_counts.ContainsKey(address))
            {
                builder.Set(key, key);
            }
            else
            {
                builder.Remove(key);
            }
        }

        _changed.Clear();
        return builder.ToTable();
    }

    private static byte[]? Key(string namespaceName, string text) =>
        ZoneNames.NamespaceKey(namespaceName) is { } label && IPAddress.TryParse(text, out var address)
            ? [.. label, .. address.GetAddressBytes()]
            : null;

    /// <summary>Pods on the host's network share the node's address and have no name of their own; finished ones gave theirs back.</summary>
    private static IEnumerable<string> Addresses(Pod pod) =>
        pod.Spec.HostNetwork == true || pod.Status.Phase is "Succeeded" or "Failed"
            ? []
            : pod.Status.PodIPs.Select(address => address.IP).Append(pod.Status.PodIP).OfType<string>().Where(text => text.Length > 0).Distinct();

    private void Count(Pod? pod, int step)
    {
        if (pod is null)
        {
            return;
        }

        foreach (var text in Addresses(pod))
        {
            var address = (pod.Metadata.Namespace, text);
            var count = _counts.GetValueOrDefault(address) + step;
            _changed.Add(address);
            if (count > 0)
            {
                _counts[address] = count;
            }
            else
            {
                _counts.Remove(address);
            }
        }
    }
}
