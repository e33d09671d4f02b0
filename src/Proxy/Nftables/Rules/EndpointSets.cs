namespace Dataplane.Proxy.Nftables.Rules;

/// <summary>The maps and sets a front end's endpoints are in: by how the front end is addressed, and by which of its two routes they are for.</summary>
/// <param name="IsNodePort">Keyed by protocol and port alone.</param>
/// <param name="IsOutside">For the route of outside clients where it differs (external policy Local).</param>
internal readonly record struct EndpointSets(bool IsNodePort, bool IsOutside)
{
    internal static IEnumerable<EndpointSets> All =>
        from nodePort in new[] { false, true } from outside in new[] { false, true } select new EndpointSets(nodePort, outside);

    /// <summary>The front end's part of every key.</summary>
    internal Field[] FrontEndKey => IsNodePort ? Keys.NodePort : Keys.Address;

    /// <summary>Front end . slot : endpoint, without session affinity.</summary>
    internal string Endpoints => Prefix + "endpoints";

    /// <summary>Front end . slot : endpoint's number, with session affinity.</summary>
    internal string AffineSlots => Prefix + "affine-slots";

    /// <summary>Front end . endpoint's number : endpoint. Clients may still know numbers that are not there any more.</summary>
    internal string AffineEndpoints => Prefix + "affine-endpoints";

    /// <summary>Client . front end : endpoint's number. A client has one route, so both share it.</summary>
    internal string Affinity => IsNodePort ? "nodeport-affinity" : "affinity";

    private string Prefix => (IsNodePort ? "nodeport-" : "") + (IsOutside ? "outside-" : "");
}
