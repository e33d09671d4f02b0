using System.Net;
using Dataplane.Api;

namespace Dataplane.Dns.Zones;

/// <summary>
/// Which addresses pods have, by namespace. Counted, because a new pod may be seen with an address before its last holder is
/// seen to be gone.
/// </summary>
internal sealed class PodAddressCounts
{
    private readonly Dictionary<NamespacedName, string[]> _pods = [];
    private readonly Dictionary<(string Namespace, string Address), int> _counts = [];
    private readonly HashSet<(string Namespace, string Address)> _changed = [];

    /// <param name="pod">Which.</param>
    /// <param name="now">Its addresses; null when it is gone.</param>
    internal void Replace(NamespacedName pod, string[]? now)
    {
        if (_pods.Remove(pod, out var old))
        {
            Count(pod.Namespace, old, -1);
        }

        if (now is { Length: > 0 })
        {
            _pods[pod] = now;
            Count(pod.Namespace, now, 1);
        }
    }

    /// <summary>The next versions of both tables: the addresses of each namespace, and the namespace of each address.</summary>
    internal (NameTable<byte[]> Addresses, NameTable<byte[]> Namespaces) Apply(NameTable<byte[]> table, NameTable<byte[]> namespaces)
    {
        var (builder, owners) = (table.ToBuilder(), namespaces.ToBuilder());
        foreach (var address in _changed)
        {
            if (Key(address.Namespace, address.Address) is not { } key)
            {
                continue;
            }

            if (_counts.ContainsKey(address))
            {
                builder.Set(key, key);
                owners.Set(key[(key[0] + 1)..], key[..(key[0] + 1)]);
            }
            else
            {
                builder.Remove(key);
                var owned = key[(key[0] + 1)..];
                if (owners.TryGet(owned, out var owner) && owner.AsSpan().SequenceEqual(key.AsSpan(0, key[0] + 1)))
                {
                    owners.Remove(owned);
                }
            }
        }

        _changed.Clear();
        return (builder.ToTable(), owners.ToTable());
    }

    private static byte[]? Key(string namespaceName, string text) =>
        ZoneNames.NamespaceKey(namespaceName) is { } label && IPAddress.TryParse(text, out var address)
            ? [.. label, .. address.GetAddressBytes()]
            : null;

    /// <summary>Pods on the host's network share the node's address and have no name of their own; finished ones gave theirs back.</summary>
    internal static string[] Addresses(Pod pod) =>
        pod.Spec.HostNetwork == true || pod.Status.Phase is "Succeeded" or "Failed"
            ? []
            : [.. pod.Status.PodIPs.Select(address => address.IP).Append(pod.Status.PodIP).OfType<string>().Where(text => text.Length > 0).Distinct()];

    private void Count(string namespaceName, string[] addresses, int step)
    {
        foreach (var text in addresses)
        {
            var address = (namespaceName, text);
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
