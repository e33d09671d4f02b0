namespace Dataplane.Dns.Wire;

/// <summary>A zone as configuration names it: every name that ends in these labels. The root is the suffix of all.</summary>
internal sealed class NameSuffix
{
    internal NameSuffix(byte[] wire)
    {
        Wire = wire;
        LabelCount = NameView.Split(wire, stackalloc byte[NameView.MaxLabels]).LabelCount;
    }

    internal static NameSuffix Root { get; } = new([0]);

    /// <summary>Lower-case wire name, root included.</summary>
    internal byte[] Wire { get; }

    internal int LabelCount { get; }

    /// <exception cref="FormatException">Not a domain name.</exception>
    internal static NameSuffix Parse(string text) => new(DnsName.ParseLower(text));

    internal bool Covers(in NameView name) => name.EndsWith(Wire, LabelCount);

    /// <summary>Whether any of several does.</summary>
    internal static bool AnyCovers(NameSuffix[] suffixes, in NameView name)
    {
        foreach (var suffix in suffixes)
        {
            if (suffix.Covers(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => DnsName.Format(Wire);
}
