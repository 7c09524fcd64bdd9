<?php
class Drupal {
  /**
   * The current system version.
   */
  const VERSION = '10.2.1';
  const CORE_COMPATIBILITY = '8.x';
