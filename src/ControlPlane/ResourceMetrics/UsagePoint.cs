namespace Dataplane.ControlPlane.ResourceMetrics;

/// <summary>What a node or a container had used up to a moment.</summary>
/// <param name="Started">Since when its processor time is counted; null where the kubelet does not say.</param>
/// <param name="Time">When it was measured.</param>
/// <param name="CpuSeconds">Processor time.</param>
/// <param name="MemoryBytes">Its working set.</param>
internal sealed record UsagePoint(DateTimeOffset? Started, DateTimeOffset Time, double CpuSeconds, double MemoryBytes);
