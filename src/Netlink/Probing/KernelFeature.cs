namespace Dataplane.Netlink.Probing;

/// <summary>Something the kernel can do or not.</summary>
/// <param name="Name">Stable, for scripts: <c>nftables ip numgen</c>.</param>
/// <param name="Available">It worked when tried.</param>
/// <param name="Reason">Why not, in the kernel's words; null when it is available.</param>
public sealed record KernelFeature(string Name, bool Available, string? Reason = null);
