using Dataplane.ControlPlane.Admission.Quotas;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Admission;

/// <summary>What a cluster's policies say of a write, beyond what its kind requires.</summary>
/// <remarks>
/// A kind's own <c>Admit</c> fills in what depends on other objects; these come after validation, as upstream's validating
/// plugins do, the quota last. A kind no policy speaks of costs one look at the namespace's quotas at creation.
/// </remarks>
internal sealed class AdmissionChain(IStore store, QuotaLedger quotas)
{
    /// <summary>Fills into a new object what may have to be waited for.</summary>
    /// <exception cref="Machinery.Errors.StatusException">403.</exception>
    public ValueTask FillCreateAsync(AdmissionRequest request) =>
        request.Descriptor.Names is { Group: "", Plural: "pods" } ? ServiceAccountAdmission.ApplyAsync(request, store) : ValueTask.CompletedTask;

    /// <summary>Checks a valid new object, or a pod whose containers are to have other resources.</summary>
    /// <returns>What was counted for it; null when nothing was.</returns>
    /// <exception cref="Machinery.Errors.StatusException">403.</exception>
    public ValueTask<IAdmissionHold?> CheckCreateAsync(AdmissionRequest request)
    {
        LimitRangeCheck.Check(request, store.Current);
        return quotas.ChargeAsync(request);
    }

    /// <summary>Checks a changed object; only a few kinds can grow.</summary>
    /// <inheritdoc cref="CheckCreateAsync"/>
    public ValueTask<IAdmissionHold?> CheckUpdateAsync(AdmissionRequest request)
    {
        if (request.Descriptor.Names is not { Group: "", Plural: "services" or "persistentvolumeclaims" })
        {
            return ValueTask.FromResult<IAdmissionHold?>(null);
        }

        LimitRangeCheck.Check(request, store.Current);
        return quotas.ChargeAsync(request);
    }
}
