using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Server;

/// <summary>The one place readers find the current snapshot.</summary>
internal sealed class ZoneSource(ZoneSnapshot initial)
{
    private volatile ZoneSnapshot _current = initial;

    internal ZoneSnapshot Current => _current;

    internal void Publish(ZoneSnapshot snapshot) => _current = snapshot;
}
