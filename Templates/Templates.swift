import Foundation

/// The templates by name, embedded in the binary so that the generator needs no files.
///
/// A template's name is its file's without `.mustache`: `gemm.c` is `c/gemm/gemm.c.mustache`.
public enum TemplateFiles {
    /// Every template of C and build files, name and text.
    public static let all: [String: String] = kernels.merging(library) { $1 }.merging(harness) {
        $1
    }
    .mapValues { String(decoding: $0, as: UTF8.self) }

    /// Names of the harness's files.
    public static let harnessNames: [String] = harness.keys.sorted()

    /// The page that `hilo report` writes, and its parts.
    public static let page: [String: String] = [
        "report.html": PackageResources.report_html_mustache,
        "report.css": PackageResources.report_css_mustache,
        "roofline.svg": PackageResources.roofline_svg_mustache,
        "stages.svg": PackageResources.stages_svg_mustache,
        "arena.svg": PackageResources.arena_svg_mustache,
    ].mapValues { String(decoding: $0, as: UTF8.self) }

    private static let kernels: [String: [UInt8]] = [
        "simd.h": PackageResources.simd_h_mustache,
        "simd_generic.h": PackageResources.simd_generic_h_mustache,
        "simd_avx2.h": PackageResources.simd_avx2_h_mustache,
        "simd_avx512.h": PackageResources.simd_avx512_h_mustache,
        "simd_neon.h": PackageResources.simd_neon_h_mustache,
        "kernel.h": PackageResources.kernel_h_mustache,
        "gemm_tile.h": PackageResources.gemm_tile_h_mustache,
        "gemm.c": PackageResources.gemm_c_mustache,
        "gemm_formula_none": PackageResources.gemm_formula_none_mustache,
        "gemm_formula_residual": PackageResources.gemm_formula_residual_mustache,
        "gemm_formula_gelu": PackageResources.gemm_formula_gelu_mustache,
        "gemm_split_rows": PackageResources.gemm_split_rows_mustache,
        "gemm_split_columns": PackageResources.gemm_split_columns_mustache,
        "layer_norm_row.h": PackageResources.layer_norm_row_h_mustache,
        "layer_norm.c": PackageResources.layer_norm_c_mustache,
        "depthwise_row.h": PackageResources.depthwise_row_h_mustache,
        "conv_ffn.c": PackageResources.conv_ffn_c_mustache,
        "depthwise_gelu.c": PackageResources.depthwise_gelu_c_mustache,
        "average_pool.c": PackageResources.average_pool_c_mustache,
        "mean_pool.c": PackageResources.mean_pool_c_mustache,
        "hifi_attention.c": PackageResources.hifi_attention_c_mustache,
        "lofi_attention.c": PackageResources.lofi_attention_c_mustache,
        "patches.c": PackageResources.patches_c_mustache,
        "sampling.c": PackageResources.sampling_c_mustache,
        "feature_planes.c": PackageResources.feature_planes_c_mustache,
        "feature_tokens.c": PackageResources.feature_tokens_c_mustache,
    ]

    private static let library: [String: [UInt8]] = [
        "origin": PackageResources.origin_mustache,
        "header.h": PackageResources.header_h_mustache,
        "internal.h": PackageResources.internal_h_mustache,
        "forward.c": PackageResources.forward_c_mustache,
        "model.c": PackageResources.model_c_mustache,
        "cpu.c": PackageResources.cpu_c_mustache,
        "registry.h": PackageResources.registry_h_mustache,
        "registry.c": PackageResources.registry_c_mustache,
        "CMakeLists.txt": PackageResources.CMakeLists_txt_mustache,
        "config.cmake.in": PackageResources.config_cmake_in_mustache,
        "pkgconfig.pc.in": PackageResources.pkgconfig_pc_in_mustache,
        "preprocess.c": PackageResources.preprocess_c_mustache,
        "preprocess.h": PackageResources.preprocess_h_mustache,
    ]

    private static let harness: [String: [UInt8]] = [
        "allocations.c": PackageResources.allocations_c_mustache,
        "allocations.h": PackageResources.allocations_h_mustache,
        "api.c": PackageResources.api_c_mustache,
        "api.h": PackageResources.api_h_mustache,
        "api_arguments.c": PackageResources.api_arguments_c_mustache,
        "api_results.c": PackageResources.api_results_c_mustache,
        "api_resolutions.c": PackageResources.api_resolutions_c_mustache,
        "api_state.c": PackageResources.api_state_c_mustache,
        "api_weights.c": PackageResources.api_weights_c_mustache,
        "bench.c": PackageResources.bench_c_mustache,
        "cases.c": PackageResources.cases_c_mustache,
        "cases.h": PackageResources.cases_h_mustache,
        "cases_packing.c": PackageResources.cases_packing_c_mustache,
        "contenders.c": PackageResources.contenders_c_mustache,
        "contenders.h": PackageResources.contenders_h_mustache,
        "guarded.c": PackageResources.guarded_c_mustache,
        "guarded.h": PackageResources.guarded_h_mustache,
        "harness.h": PackageResources.harness_h_mustache,
        "input.c": PackageResources.input_c_mustache,
        "input.h": PackageResources.input_h_mustache,
        "kernels.c": PackageResources.kernels_c_mustache,
        "main.c": PackageResources.main_c_mustache,
        "npy.h": PackageResources.npy_h_mustache,
        "npy_read.c": PackageResources.npy_read_c_mustache,
        "npy_write.c": PackageResources.npy_write_c_mustache,
        "options.c": PackageResources.options_c_mustache,
        "options.h": PackageResources.options_h_mustache,
        "peak.c": PackageResources.peak_c_mustache,
        "peak.h": PackageResources.peak_h_mustache,
        "profile.c": PackageResources.profile_c_mustache,
        "profile.h": PackageResources.profile_h_mustache,
        "random.h": PackageResources.random_h_mustache,
        "reference.c": PackageResources.reference_c_mustache,
        "reference.h": PackageResources.reference_h_mustache,
        "reference_conv_ffn.c": PackageResources.reference_conv_ffn_c_mustache,
        "reference_norm.c": PackageResources.reference_norm_c_mustache,
        "reference_attention.c": PackageResources.reference_attention_c_mustache,
        "reference_sampling.c": PackageResources.reference_sampling_c_mustache,
        "run.c": PackageResources.run_c_mustache,
        "session.c": PackageResources.session_c_mustache,
        "session.h": PackageResources.session_h_mustache,
        "statistics.c": PackageResources.statistics_c_mustache,
        "statistics.h": PackageResources.statistics_h_mustache,
        "time.c": PackageResources.time_c_mustache,
        "verify.c": PackageResources.verify_c_mustache,
        "verify.h": PackageResources.verify_h_mustache,
        "verify_compare.c": PackageResources.verify_compare_c_mustache,
        "verify_runs.c": PackageResources.verify_runs_c_mustache,
    ]
}
