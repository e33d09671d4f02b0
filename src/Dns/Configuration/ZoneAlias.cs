using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Configuration;

/// <summary>A second name of the cluster's zone: what is asked in it is answered from the zone, in its own names.</summary>
internal sealed class ZoneAlias(string alias, string zone)
{
    internal NameSuffix Zone { get; } = NameSuffix.Parse(alias);

    /// <summary>The rules that turn its names into those of the zone, and back.</summary>
    internal RewriteRule[] Rules { get; } =
        [new RewriteRule(RewriteField.Name, new NameChange(NameMatch.Zone, alias, zone), GoesOn: false) { IsAutomatic = true }];
}
