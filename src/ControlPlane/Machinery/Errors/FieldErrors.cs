using System.Globalization;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Machinery.Errors;

/// <summary>One thing wrong with one field.</summary>
/// <param name="Field">Its path, "spec.ports[0].port".</param>
/// <param name="Reason">FieldValueInvalid and its like.</param>
/// <param name="Text">What follows the path in messages, "Invalid value: 0: must be between 1 and 65535, inclusive".</param>
internal sealed record FieldError(string Field, string Reason, string Text)
{
    public override string ToString() => $"{Field}: {Text}";
}

/// <summary>Collects what validation finds, in the words of apimachinery's field errors.</summary>
internal sealed class FieldErrors
{
    private readonly List<FieldError> _all = [];

    public IReadOnlyList<FieldError> All => _all;

    public bool IsEmpty => _all.Count == 0;

    /// <summary>An error in words of its own.</summary>
    public void Add(string field, string reason, string text) => _all.Add(new FieldError(field, reason, text));

    public void Required(string field, string detail = "") =>
        _all.Add(new FieldError(field, "FieldValueRequired", Join("Required value", detail)));

    public void Invalid(string field, string value, string detail) =>
        _all.Add(new FieldError(field, "FieldValueInvalid", Join($"Invalid value: {GoValue.Quote(value)}", detail)));

    public void Invalid(string field, long value, string detail) =>
        _all.Add(new FieldError(field, "FieldValueInvalid", Join(string.Create(CultureInfo.InvariantCulture, $"Invalid value: {value}"), detail)));

    /// <param name="field">Path.</param>
    /// <param name="value">Rendered as it is: a list, a struct.</param>
    /// <param name="detail">Why.</param>
    public void InvalidRaw(string field, string value, string detail) =>
        _all.Add(new FieldError(field, "FieldValueInvalid", Join($"Invalid value: {value}", detail)));

    public void Duplicate(string field, string value) =>
        _all.Add(new FieldError(field, "FieldValueDuplicate", $"Duplicate value: {GoValue.Quote(value)}"));

    public void DuplicateRaw(string field, string value) =>
        _all.Add(new FieldError(field, "FieldValueDuplicate", $"Duplicate value: {value}"));

    public void NotFound(string field, string value) =>
        _all.Add(new FieldError(field, "FieldValueNotFound", $"Not found: {GoValue.Quote(value)}"));

    public void Forbidden(string field, string detail) =>
        _all.Add(new FieldError(field, "FieldValueForbidden", Join("Forbidden", detail)));

    public void InvalidTooLong(string field, int limit) =>
        _all.Add(new FieldError(field, "FieldValueTooLong", $"Too long: may not be more than {limit} bytes"));

    /// <param name="field">Path.</param>
    /// <param name="value">What was given.</param>
    /// <param name="supported">What is known, in the order upstream names it.</param>
    public void NotSupported(string field, string value, params ReadOnlySpan<string> supported)
    {
        var quoted = new List<string>();
        foreach (var item in supported)
        {
            quoted.Add(GoValue.Quote(item));
        }

        NotSupportedRaw(field, GoValue.Quote(value), string.Join(", ", quoted));
    }

    /// <param name="field">Path.</param>
    /// <param name="value">Rendered as it is.</param>
    /// <param name="supported">The known values, quoted and joined.</param>
    public void NotSupportedRaw(string field, string value, string supported) =>
        _all.Add(new FieldError(field, "FieldValueNotSupported", $"Unsupported value: {value}: supported values: {supported}"));

    public void TooMany(string field, long count, long limit) =>
        _all.Add(new FieldError(field, "FieldValueTooMany", string.Create(CultureInfo.InvariantCulture, $"Too many: {count}: must have at most {limit} items")));

    private static string Join(string head, string detail) => detail.Length == 0 ? head : $"{head}: {detail}";
}
