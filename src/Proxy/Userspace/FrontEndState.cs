using System.Collections.Immutable;
using Dataplane.Proxy.Userspace.Relay;

namespace Dataplane.Proxy.Userspace;

/// <summary>What is in force for one front end.</summary>
/// <param name="Elements">What it has in the kernel.</param>
/// <param name="Target">Where the relay sends what the kernel brings; null for a front end that is not served.</param>
/// <param name="Datagrams">A UDP front end's own port.</param>
/// <param name="OutsideDatagrams">That for outside clients, where they are treated in another way.</param>
internal sealed record FrontEndState(
    ImmutableArray<TableElement> Elements, RelayTarget? Target, DatagramFrontEnd? Datagrams = null, DatagramFrontEnd? OutsideDatagrams = null);
