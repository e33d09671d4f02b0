using System.Net;

namespace Dataplane.Netlink.Route;

/// <summary>An address of a device.</summary>
/// <param name="LinkIndex">The device.</param>
/// <param name="Address">The local address (IFA_LOCAL where there is one).</param>
/// <param name="PrefixLength">In bits.</param>
public sealed record LinkAddress(int LinkIndex, IPAddress Address, int PrefixLength)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{PrefixLength} of link {LinkIndex}";
}
