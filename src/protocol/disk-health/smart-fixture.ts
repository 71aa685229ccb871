/* Outputs of `smartctl --json=c -i -H -A -l selftest`, in the form of smartmontools 7.3 (JSON format 1.0), without what nobody reads. */

const attribute = (id: number, name: string, value: number, raw: number, whenFailed = '') => ({
  id,
  name,
  value,
  worst: value,
  thresh: 10,
  when_failed: whenFailed,
  flags: { value: 51, string: 'PO--CK ', prefailure: true },
  raw: { value: raw, string: String(raw) },
});

const head = (exitStatus: number, messages: readonly string[] = []) => ({
  json_format_version: [1, 0],
  smartctl: {
    version: [7, 3],
    svn_revision: '5338',
    platform_info: 'x86_64-linux-6.1.0-26-amd64',
    build_info: '(local build)',
    argv: ['smartctl', '--json=c', '-i', '-H', '-A', '-l', 'selftest', '/dev/sda'],
    ...(messages.length === 0 ? {} : { messages: messages.map((string) => ({ string, severity: 'error' })) }),
    exit_status: exitStatus,
  },
});

const hardDisk = {
  device: { name: '/dev/sda', info_name: '/dev/sda [SAT]', type: 'sat', protocol: 'ATA' },
  model_family: 'Western Digital Red',
  model_name: 'WDC WD40EFRX-68N32N0',
  serial_number: 'WD-WCC7K0000000',
  rotation_rate: 5400,
  smart_support: { available: true, enabled: true },
  power_on_time: { hours: 31042 },
  temperature: { current: 34 },
};

const selfTest = (value: number, string: string, passed?: boolean) => ({
  revision: 1,
  table: [
    {
      type: { value: 1, string: 'Short offline' },
      status: { value, string, ...(passed === undefined ? {} : { passed }) },
      lifetime_hours: 31000,
    },
  ],
  count: 1,
  error_count_total: passed === false ? 1 : 0,
});

export const healthyAta = {
  ...head(0),
  ...hardDisk,
  smart_status: { passed: true },
  ata_smart_attributes: {
    revision: 16,
    table: [
      attribute(5, 'Reallocated_Sector_Ct', 200, 0),
      attribute(194, 'Temperature_Celsius', 116, 34),
      attribute(197, 'Current_Pending_Sector', 200, 0),
      attribute(198, 'Offline_Uncorrectable', 100, 0),
    ],
  },
  ata_smart_self_test_log: { standard: selfTest(0, 'Completed without error', true) },
};

/** DISK FAILING, a prefailure attribute below its threshold, errors logged, a self-test that failed: 8 + 16 + 64 + 128. */
export const failingAta = {
  ...head(216),
  ...hardDisk,
  temperature: { current: 58 },
  smart_status: { passed: false },
  ata_smart_attributes: {
    revision: 16,
    table: [
      attribute(5, 'Reallocated_Sector_Ct', 1, 1968, 'now'),
      attribute(197, 'Current_Pending_Sector', 198, 24),
      attribute(198, 'Offline_Uncorrectable', 98, 16),
    ],
  },
  ata_smart_self_test_log: { standard: selfTest(121, 'Completed: read failure', false) },
};

/** Sectors were given others, the newest self-test was aborted by its host; nothing to do yet. */
export const ageingAta = {
  ...healthyAta,
  ...head(64),
  ata_smart_attributes: { revision: 16, table: [attribute(5, 'Reallocated_Sector_Ct', 198, 8)] },
  ata_smart_self_test_log: { standard: selfTest(25, 'Aborted by host', false) },
};

const nvmeDisk = {
  device: { name: '/dev/nvme0', info_name: '/dev/nvme0', type: 'nvme', protocol: 'NVMe' },
  model_name: 'Samsung SSD 980 PRO 1TB',
  serial_number: 'S5GXNX0000000',
  smart_support: { available: true, enabled: true },
  power_on_time: { hours: 9121 },
};

const nvmeHealth = (more: object) => ({
  critical_warning: 0,
  temperature: 41,
  available_spare: 100,
  available_spare_threshold: 10,
  percentage_used: 3,
  data_units_read: 35_011_928,
  data_units_written: 41_203_377,
  power_cycles: 112,
  power_on_hours: 9121,
  unsafe_shutdowns: 21,
  media_errors: 0,
  num_err_log_entries: 0,
  ...more,
});

export const healthyNvme = {
  ...head(0),
  ...nvmeDisk,
  temperature: { current: 41 },
  smart_status: { passed: true, nvme: { value: 0 } },
  nvme_smart_health_information_log: nvmeHealth({}),
};

export const failingNvme = {
  ...head(8),
  ...nvmeDisk,
  temperature: { current: 74 },
  smart_status: { passed: false, nvme: { value: 13 } },
  nvme_smart_health_information_log: nvmeHealth({
    critical_warning: 13,
    available_spare: 4,
    percentage_used: 112,
    media_errors: 87,
  }),
  nvme_self_test_log: {
    table: [
      {
        self_test_code: { value: 1, string: 'Short' },
        self_test_result: { value: 7, string: 'Completed: failed segments' },
      },
    ],
  },
};

export const unknownBridge = head(1, [
  '/dev/sda: Unknown USB bridge [0x152d:0x0583 (0x209)]',
  'Please specify device type with the -d option.',
]);
export const virtualDisk = head(1, ['/dev/vda: Unable to detect device type']);
export const noRights = head(2, ['Smartctl open device: /dev/sda failed: Permission denied']);
