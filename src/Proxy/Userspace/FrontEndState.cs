using Dataplane.Proxy.Planning;
using Dataplane.Proxy.Userspace.Relay;

namespace Dataplane.Proxy.Userspace;

/// <summary>What is in force for one front end.</summary>
/// <param name="Plan">What it was made from.</param>
/// <param name="Steering">What the kernel does.</param>
/// <param name="Target">Where the relay sends what the kernel brings; null when it brings nothing.</param>
/// <param name="Datagrams">A UDP front end's own socket.</param>
internal sealed record FrontEndState(FrontEndPlan Plan, Steering Steering, RelayTarget? Target, DatagramFrontEnd? Datagrams);
